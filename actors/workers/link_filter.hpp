#pragma once

#include <caf/io/basp/message_type.hpp>

#include <optional>
#include <string_view>

namespace swill::actors::workers {

/// Decides what CAF is given to read of the bytes that the other end of a link sends: its handshake, its monitors, the one question that CAF asks
/// about a new node, and the batches of lanes; nothing else. CAF believes a message: it takes the room that a length announces before it looks
/// whether so much has come, makes whatever types are named, nests as deep as they do, and has actors of its own that anybody may ask.
/// One thread at a time.
class link_filter {
public:
  /// `in`: a header, or all of the payload that the header before it has announced. False: whoever sent it is neither gateway nor worker, and
  /// nothing that comes after it is to be read.
  bool passes(std::string_view in) noexcept;

private:
  using kind = caf::io::basp::message_type;
  bool header_passes(std::string_view in) noexcept;

  std::optional<kind> awaits_payload_of_;
  bool has_asked_ = false;
  bool has_answered_ = false;
};

} // namespace swill::actors::workers
