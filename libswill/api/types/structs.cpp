#include "libswill/api/types/structs.hpp"

#include <algorithm>

namespace swill::detail {

// --- reading

bool field_reader::begin() {
  if (table_.travels_as) {
    order_ = order::alone;
    return true;
  }
  if (!table_.as_array) return in_.begin_map(left_);
  order_ = order::array;
  return in_.begin_array(left_);
}

bool field_reader::find_elsewhere(std::size_t i) noexcept {
  if (in_.stopped()) return false;
  if (order_ == order::array) {
    if (left_ == 0) return false;
    --left_;
    return true;
  }
  if (order_ == order::declared) {
    if (left_ == 0) return false;
    const wire::reader at = in_.reader;
    std::string_view key; // it may also be written wider than need be
    if (in_.reader.read_str(key) && key == table_.fields[i].name) {
      --left_;
      return true;
    }
    in_.reader = at;
    note_rest(i);
    if (in_.stopped()) return false;
  }
  const std::byte* at = place(i);
  if (at == nullptr || (order_ == order::second) != (i < split_)) return false;
  if (order_ == order::second) {
    in_.drop_field(mark_, table_.fields[i].name);
    wrong_ &= ~(std::uint64_t{1} << std::min<std::size_t>(i, 63));
  }
  const bytes_view rest = in_.reader.rest();
  in_.reader = wire::reader{bytes_view{at, rest.data() + rest.size()}};
  return true;
}

void field_reader::note_rest(std::size_t from) {
  const std::size_t n = table_.fields.size();
  if (n > near) far_ = std::make_unique<const std::byte*[]>(n);
  std::fill_n(&place(0), n, nullptr);
  split_ = from;
  order_ = order::noted;
  for (std::size_t hint = from; left_ != 0 && !in_.stopped(); --left_) {
    std::string_view key;
    if (!in_.reader.read_str(key)) {
      if (table_.strict) in_.unknown_field({});
      in_.skip();
    } else if (const std::size_t i = table_.find(key, hint); i != struct_table::none) {
      place(i) = in_.reader.rest().data();
      duplicates_ |= i < from;
      hint = i + 1;
    } else if (table_.strict) {
      in_.unknown_field(key);
    }
    in_.skip();
  }
  end_ = in_.reader;
}

void field_reader::missing(std::size_t i) {
  if (order_ == order::second || in_.stopped()) return;
  wrong_ |= std::uint64_t{1} << std::min<std::size_t>(i, 63);
  in_.missing_field(table_.fields[i].name);
}

void field_reader::not_convertible(std::string_view got) {
  wrong_ = 1;
  in_.problem("Expected " + table_.name + ", got another " + std::string{got});
}

void field_reader::bad(std::size_t i, fit f, std::size_t mark) {
  if (in_.stopped()) return;
  if (f != fit::whole) wrong_ |= std::uint64_t{1} << std::min<std::size_t>(i, 63);
  if (in_.mark() != mark) in_.wrap_field(mark, table_.fields[i].name);
}

bool field_reader::again() {
  if (in_.stopped() || order_ == order::second) return false;
  if (order_ == order::array) {
    if (left_ != 0 && table_.strict) in_.further_items(table_.fields.size(), left_);
    for (; left_ != 0; --left_) in_.skip();
    return false;
  }
  if (left_ != 0) note_rest(table_.fields.size());
  if (!duplicates_ || in_.stopped()) return false;
  order_ = order::second;
  next_ = 0;
  return true;
}

fit field_reader::finish() {
  if (in_.stopped()) return fit::wrong;
  if (order_ == order::alone) return whole() ? fit::whole : fit::partly;
  if (order_ == order::noted || order_ == order::second) in_.reader = end_;
  if (in_.mark() != mark_) in_.merge_fields(mark_);
  in_.end();
  return whole() ? fit::whole : fit::partly;
}

// --- writing

field_writer::field_writer(encoder& out, const struct_table& table)
    : out_(out),
      table_(table),
      as_array_(table.as_array),
      omit_(table.omit_defaults && !table.as_array),
      begin_(out.to.out().size()) {
  if (table.travels_as) return;
  if (as_array_) {
    out_.begin_array(table.fields.size());
  } else {
    out_.begin_map(omit_ ? 0 : table.fields.size());
  }
}

void field_writer::leave_out_default(std::size_t start, std::size_t content) {
  buffer& written = out_.to.out();
  const field_entry& f = table_.fields[next_++];
  const bytes_view encoding = written.view().subspan(content);
  if (!f.required &&
      std::equal(encoding.begin(), encoding.end(), f.initial_encoding.begin(), f.initial_encoding.end())) {
    written.truncate(start);
  } else {
    ++count_;
  }
}

void field_writer::finish() {
  if (table_.travels_as) return;
  out_.end();
  if (!omit_ || count_ == 0) return;
  // The header stands there for no entries, in one byte; now their number is known.
  buffer header;
  wire::writer{header}.map(count_);
  buffer& written = out_.to.out();
  if (header.size() > 1) written.insert_gap(begin_ + 1, header.size() - 1);
  std::copy(header.view().begin(), header.view().end(), written.data() + begin_);
}

// --- in unions

affinity struct_suits(const struct_table& table, wire::kind k) {
  if (table.travels_as) return table.travels_as->suits(k);
  return k == (table.as_array ? wire::kind::array : wire::kind::map) ? affinity::exact : affinity::none;
}

std::string struct_text(const struct_table& table) { return table.travels_as ? table.travels_as->text() : table.name; }

} // namespace swill::detail
