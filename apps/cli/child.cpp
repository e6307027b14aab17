#include "apps/cli/child.hpp"

#include "apps/cli/exit_codes.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace swill::cli {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

sigset_t taken_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&set, s);
  return set;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

/// "NAME=value" of this process, and of `more` where the name is not set.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& more) {
  std::vector<std::string> all;
  for (char** e = ::environ; e != nullptr && *e != nullptr; ++e) all.emplace_back(*e);
  for (const auto& [name, text] : more) {
    if (std::getenv(name.c_str()) == nullptr) all.push_back(name + "=" + text);
  }
  return all;
}

/// In the child: only what is safe after a fork.
[[noreturn]] void become(char* const* command, char* const* environment, const child_options& o, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127); // it died before the line above
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(null, STDIN_FILENO);
  if (o.out >= 0) ::dup2(o.out, STDOUT_FILENO);
  if (o.out >= 0 && o.errors_too) ::dup2(o.out, STDERR_FILENO);
  ::signal(SIGPIPE, SIG_DFL);
  const sigset_t taken = taken_signals();
  ::sigprocmask(SIG_UNBLOCK, &taken, nullptr);
  ::execvpe(command[0], command, environment);
  ::_exit(127);
}

/// Children of this process that it has not started itself: their parents have ended.
std::vector<pid_t> all_children() {
  std::ifstream list{"/proc/self/task/" + std::to_string(::getpid()) + "/children"};
  std::vector<pid_t> all;
  for (pid_t child = 0; list >> child;) all.push_back(child);
  return all;
}

bool has_group(pid_t group) { return ::kill(-group, 0) == 0; }

/// SIGTERM to the children of this process; to those that are left after `patience`, and their orphans, SIGKILL. `reap` takes the status of those that have ended.
void end_all_children(milliseconds patience, const std::function<void()>& reap) {
  for (const pid_t child : all_children()) ::kill(child, SIGTERM);
  const auto late = steady_clock::now() + patience;
  for (reap(); !all_children().empty(); reap()) {
    if (steady_clock::now() > late) {
      for (const pid_t child : all_children()) ::kill(child, SIGKILL);
    }
    ::poll(nullptr, 0, 10);
  }
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

} // namespace

children::children(milliseconds patience) : patience_(patience) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::signal(SIGPIPE, SIG_IGN);
  const sigset_t taken = taken_signals();
  ::pthread_sigmask(SIG_BLOCK, &taken, nullptr);
  signals_ = ::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0) throw std::runtime_error("signals cannot be taken");
}

children::~children() {
  for (const pid_t child : running_) ::kill(-child, SIGTERM);
  end_all_children(patience_, [this] { reap(); });
  ::close(signals_);
}

pid_t children::start(const child_options& o) {
  std::vector<std::string> command = o.command, environment = environment_with(o.variables);
  const auto words = pointers_to(command), variables = pointers_to(environment);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no process can be made for " + command.front());
  if (child == 0 && o.keeps_nothing) run_alone(o, parent);
  if (child == 0) become(words.data(), variables.data(), o, parent);
  ::setpgid(child, child); // so that its group is there when this function returns
  running_.insert(child);
  return child;
}

/// In a child: runs what is wanted in a child of its own, and ends as that does, when nothing is left of what that has started. Orphans come to the process
/// that is nearest above them and asks for them (PR_SET_CHILD_SUBREAPER): so this one has those of this program, and of no other.
void children::run_alone(const child_options& o, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  int code = 128 + SIGTERM;
  try {
    children all{*o.keeps_nothing};
    child_options one = o;
    one.keeps_nothing.reset();
    if (::getppid() == parent) code = all.run(one); // else it died before the line above
  } catch (const interrupted&) {                    // it was told to end
  } catch (...) {
    code = 127;
  }
  ::_exit(code);
}

void children::reap() {
  int status = 0;
  for (pid_t child = 0; (child = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (running_.erase(child) != 0) ended_[child] = code_of(status);
  }
}

void children::wait(milliseconds limit, int readable) {
  pollfd all[] = {{signals_, POLLIN, 0}, {readable, POLLIN, 0}};
  ::poll(all, 2, static_cast<int>(limit.count()));
  signalfd_siginfo s{};
  while (::read(signals_, &s, sizeof s) == sizeof s) {
    if (s.ssi_signo != SIGCHLD) throw interrupted{};
  }
  reap();
}

int children::take_status(pid_t child) {
  const auto found = ended_.extract(child);
  return found.empty() ? 0 : found.mapped();
}

int children::run(const child_options& o, const std::function<void()>& meanwhile) {
  const pid_t child = start(o);
  while (is_running(child)) {
    wait(milliseconds{100});
    if (meanwhile) meanwhile();
  }
  return take_status(child);
}

void children::end(pid_t child, milliseconds most) {
  const auto late = steady_clock::now() + most;
  for (::kill(-child, SIGTERM); is_running(child) || has_group(child); wait(milliseconds{20})) {
    if (steady_clock::now() > late) ::kill(-child, SIGKILL);
  }
}

// What dies without a word cannot end its children, and a signal at its death (PR_SET_PDEATHSIG) reaches those of its own alone, of which one may ignore
// it. So there are two, of which one at least is left.
int guarded(const std::function<int()>& f) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const sigset_t taken = taken_signals();
  ::pthread_sigmask(SIG_BLOCK, &taken, nullptr);
  const pid_t self = ::getpid();
  const pid_t worker = ::fork();
  if (worker < 0) throw std::runtime_error("no process can be made");
  if (worker == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != self) ::_exit(static_cast<int>(exit_code::interrupted)); // it died before the line above
    return f();
  }
  for (int code = -1;;) {
    const auto reap = [&] {
      int status = 0;
      for (pid_t child = 0; (child = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        if (child == worker) code = code_of(status);
      }
    };
    reap();
    if (code >= 0) {
      end_all_children(children::usual_patience, reap);
      return code;
    }
    int which = 0;
    ::sigwait(&taken, &which);
    if (which == SIGCHLD) continue;
    ::kill(worker, which);
    ::kill(worker, SIGCONT); // one that stands still (SIGSTOP) would never take it
  }
}

} // namespace swill::cli
