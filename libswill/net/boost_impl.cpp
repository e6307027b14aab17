// The compiled part of Boost.Asio and Boost.Beast, once for the whole program: BOOST_ASIO_SEPARATE_COMPILATION and
// BOOST_BEAST_SEPARATE_COMPILATION keep it out of every other translation unit. Asio of Boost 1.74 uses std::exchange
// without including <utility>.

#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
