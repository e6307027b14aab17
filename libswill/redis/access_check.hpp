#pragma once

#include <string>
#include <vector>

namespace swill::redis {

/// A command (EVAL) that tries others, one after the other, in one step, and is answered with
/// - 1, when all can be done here;
/// - what Redis says, when it is of no use: a replica (READONLY), one without its primary (MASTERDOWN), and the like;
/// - "NOPERM …" with all names that this user may not use on these keys and channels, whatever else is wrong with them.
/// That Redis has no memory or cannot write to its disk is no error here: that passes. Each of `commands` should change nothing when it
/// works; one of them should be one that writes, or a replica is not found out. For client::set_check and subscriber::set_check.
std::vector<std::string> access_check(const std::vector<std::vector<std::string>>& commands);

} // namespace swill::redis
