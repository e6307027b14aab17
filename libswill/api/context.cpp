#include "libswill/api/context.hpp"

#include "libswill/api/serving/call.hpp"

namespace swill {

connection& context::connection() const noexcept { return call_->peer(); }
std::string_view context::rpc() const noexcept { return call_->target().name; }
const handler_options& context::options() const noexcept { return call_->target().options; }
std::uint64_t context::seq() const noexcept { return call_->seq(); }
const metadata& context::metadata() const { return call_->client_metadata(); }
std::optional<clock_time> context::deadline() const noexcept { return call_->deadline(); }
bool context::is_cancelled() const noexcept { return call_->was_cancelled(); }
bool context::is_draining() const noexcept { return call_->is_draining(); }
std::stop_token context::stop_token() { return call_->stop_token(); }
void context::set_leading(swill::metadata m) { call_->set_leading(std::move(m)); }
task<void> context::send_leading(swill::metadata m) { return call_->send_leading(std::move(m)); }
metadata& context::trailing() { return call_->trailing(); }
detail::session_awaiter context::session() { return detail::session_awaiter{call_->session()}; }
detail::state_set& context::states() const noexcept { return call_->state(); }
void context::log(log_level level, std::string_view text, log_fields fields) const { call_->log(level, text, fields); }
bool context::is_logged(log_level level) const noexcept { return logger{&call_->app().log}.enabled(level); }
std::string_view context::trace() const noexcept { return call_->trace(); }

} // namespace swill
