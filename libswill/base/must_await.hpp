#pragma once

/// Between `class` and the name of a type that does nothing until it is awaited, or before a function that gives one: compilers warn where it
/// is dropped, with this text.
#define SWILL_MUST_AWAIT(text) [[nodiscard(text)]]
