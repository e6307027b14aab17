# Names and lines of stack traces come from libbacktrace where the compiler brings it (Debian's libgcc-dev does), otherwise exported names
# are all there is. SWILL_HAS_LIBBACKTRACE says whether.

include(CheckCXXSourceCompiles)

# By its name alone: the compiler that links an installed swill finds its own.
set(CMAKE_REQUIRED_LIBRARIES backtrace)
check_cxx_source_compiles([[
extern "C" struct backtrace_state* backtrace_create_state(const char*, int, void (*)(void*, const char*, int), void*);
int main() { return backtrace_create_state(nullptr, 0, nullptr, nullptr) == nullptr; }
]] SWILL_HAS_LIBBACKTRACE)
unset(CMAKE_REQUIRED_LIBRARIES)
