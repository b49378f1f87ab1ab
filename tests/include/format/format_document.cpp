#include "tests/include/format/format_document.h"

#include <cctype>
#include <fstream>
#include <stdexcept>

namespace cistern {
namespace {

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

Row cells_of(const std::string& line) {
  Row cells;
  for (size_t at = 1; at < line.size();) {
    const size_t bar = line.find('|', at);
    if (bar == std::string::npos) break;
    cells.push_back(trimmed(line.substr(at, bar - at)));
    at = bar + 1;
  }
  return cells;
}

bool is_rule(const Row& cells) {
  return !cells.empty() && cells[0].find_first_not_of('-') == std::string::npos;
}

// The bytes at the beginning of a line, up to two spaces or its end.
std::vector<uint8_t> bytes_of(const std::string& line, const std::string& place) {
  std::vector<uint8_t> bytes;
  for (size_t at = 0; at < line.size() && line[at] != ' '; at += 3) {
    if (at + 2 > line.size() || !std::isxdigit(static_cast<unsigned char>(line[at])) ||
        !std::isxdigit(static_cast<unsigned char>(line[at + 1])) || (at + 2 < line.size() && line[at + 2] != ' ')) {
      throw std::runtime_error(place + ": not hexadecimal bytes: " + line);
    }
    bytes.push_back(static_cast<uint8_t>(std::stoi(line.substr(at, 2), nullptr, 16)));
  }
  return bytes;
}

class Reader {
 public:
  Reader(const std::string& path, FormatDocument& document) : path_(path), file_(path), document_(document) {
    if (!file_) throw std::runtime_error(path + ": cannot be read");
  }

  void read() {
    while (next()) {
      if (line_.starts_with("#")) read_heading();
      if (line_.starts_with("```example ")) read_example();
      if (line_.starts_with("|")) read_table();
    }
  }

 private:
  bool next() { return ++number_, static_cast<bool>(std::getline(file_, line_)); }
  std::string place() const { return path_.substr(path_.rfind('/') + 1) + ":" + std::to_string(number_); }

  void read_heading() {
    heading_ = trimmed(line_.substr(line_.find_first_not_of('#')));
    if (document_.title.empty()) document_.title = heading_;
  }

  void read_table() {
    DocumentTable table{place(), heading_, cells_of(line_), {}};
    if (!next() || !is_rule(cells_of(line_))) throw std::runtime_error(place() + ": a table without a rule");
    while (next() && line_.starts_with("|")) table.rows.push_back(cells_of(line_));
    document_.tables.push_back(table);
  }

  void read_example() {
    DocumentExample example{place(), trimmed(line_.substr(10)), {}, {}};
    while (next() && line_ != "```") {
      if (line_.starts_with("= ")) {
        example.meaning += line_.substr(2) + "\n";
        continue;
      }
      const auto bytes = bytes_of(line_, place());
      example.bytes.insert(example.bytes.end(), bytes.begin(), bytes.end());
    }
    document_.examples.push_back(example);
  }

  std::string path_;
  std::ifstream file_;
  FormatDocument& document_;
  std::string line_;
  std::string heading_;
  int number_ = 0;
};

}  // namespace

const DocumentTable* FormatDocument::table(const std::string& first) const {
  for (const DocumentTable& table : tables) {
    if (table.heading == first || (!table.head.empty() && table.head[0] == first)) return &table;
  }
  return nullptr;
}

FormatDocument read_format_document(const std::string& folder) {
  FormatDocument document;
  Reader(folder + "/FORMAT.md", document).read();
  return document;
}

}  // namespace cistern
