#pragma once

/// Between `class` and the name of a type that does nothing until it is awaited: compilers warn of one that is dropped, with this text.
#define SWILL_MUST_AWAIT(text) [[nodiscard(text)]]
