// The format's description as data: the tables and the examples of FORMAT.md. Throws std::runtime_error, with file and
// line, on what it cannot read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cistern {

using Row = std::vector<std::string>;  // cells, trimmed

struct DocumentTable {
  std::string place;    // file:line
  std::string heading;  // the last one before it
  Row head;
  std::vector<Row> rows;
};

// A fenced block "```example KIND": lines of hexadecimal bytes of two digits with one space between them, and a comment
// behind two or more spaces; then lines "= TEXT" with the decoded bytes.
struct DocumentExample {
  std::string place;
  std::string kind;
  std::vector<uint8_t> bytes;
  std::string meaning;  // the texts, a line each
};

struct FormatDocument {
  std::string title;
  std::vector<DocumentTable> tables;
  std::vector<DocumentExample> examples;

  // The table whose head begins with `first`, or whose heading is `first`; nullptr when there is none.
  const DocumentTable* table(const std::string& first) const;
};

// FORMAT.md in the folder of the format's headers.
FormatDocument read_format_document(const std::string& folder);

}  // namespace cistern
