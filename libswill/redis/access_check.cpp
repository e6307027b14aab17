#include "libswill/redis/access_check.hpp"

namespace swill::redis {

std::vector<std::string> access_check(const std::vector<std::vector<std::string>>& commands) {
  // ARGV: for each command how many words it has, and these.
  static const std::string source = R"lua(
local missing, why, i = {}, '', 1
while i <= #ARGV do
  local n, words = tonumber(ARGV[i]), {}
  for w = 1, n do words[w] = ARGV[i + w] end
  i = i + n + 1
  local r = redis.pcall(unpack(words))
  if type(r) == 'table' and r.err then
    for _, word in ipairs({'READONLY', 'MASTERDOWN', 'NOREPLICAS', 'LOADING', 'CLUSTERDOWN'}) do
      if string.find(r.err, word, 1, true) then return redis.error_reply(word .. ' this Redis is of no use now') end
    end
    if not string.find(r.err, 'MISCONF', 1, true) and not string.find(r.err, 'OOM ', 1, true) then
      if not missing[words[1]] then missing[#missing + 1] = words[1] end
      missing[words[1]] = true
      if why == '' then why = string.gsub(r.err, '[\r\n]', ' ') end
    end
  end
end
if #missing == 0 then return 1 end
return redis.error_reply('NOPERM its user may not use ' .. table.concat(missing, ', ') .. ' (' .. why .. ')')
)lua";
  std::vector<std::string> all{"EVAL", source, "0"};
  for (const auto& words : commands) {
    all.push_back(std::to_string(words.size()));
    all.insert(all.end(), words.begin(), words.end());
  }
  return all;
}

} // namespace swill::redis
