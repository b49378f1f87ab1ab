#include "tests/include/format/header_enumerators.h"

#include <cctype>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace cistern {
namespace {

using Tokens = std::vector<std::string>;

bool in_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

std::string words_of(const std::string& enumerator) {
  std::string words;
  for (size_t i = 1; i < enumerator.size(); ++i) {  // behind the k
    const char c = enumerator[i];
    if (i > 1 && std::isupper(static_cast<unsigned char>(c))) words += ' ';
    words += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return words;
}

// Words and single punctuation characters, without comments.
Tokens tokens_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  Tokens tokens;
  for (std::string line; std::getline(file, line);) {
    line.resize(std::min(line.find("//"), line.size()));
    for (size_t at = 0, end; at < line.size(); at = end) {
      end = at + 1;
      if (std::isspace(static_cast<unsigned char>(line[at]))) continue;
      if (in_word(line[at])) {
        while (end < line.size() && in_word(line[end])) ++end;
      }
      tokens.push_back(line.substr(at, end - at));
    }
  }
  return tokens;
}

bool is_enumerator(const std::string& token) {
  return token.size() > 1 && token[0] == 'k' && std::isupper(static_cast<unsigned char>(token[1]));
}

// Reads from behind an opening brace to its closing one; nothing when there is another block within.
Enumerators enumerators_at(const Tokens& tokens, size_t at, const std::string& name) {
  Enumerators found;
  for (; at < tokens.size() && tokens[at] != "}"; ++at) {
    if (tokens[at] == "{") return {};
    if (!is_enumerator(tokens[at])) continue;
    if (at + 2 >= tokens.size() || tokens[at + 1] != "=" ||
        !std::isdigit(static_cast<unsigned char>(tokens[at + 2][0]))) {
      throw std::runtime_error(name + "::" + tokens[at] + " has no number in the header");
    }
    found[words_of(tokens[at])] = std::stoull(tokens[at + 2]);
    at += 2;
  }
  return found;
}

}  // namespace

std::map<std::string, Enumerators> header_enumerators(const std::string& folder) {
  std::map<std::string, Enumerators> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".h" || entry.path().filename() == "options.h") continue;
    const Tokens tokens = tokens_of(entry.path());
    for (size_t i = 0; i + 2 < tokens.size(); ++i) {
      const bool is_enum = tokens[i] == "enum" && tokens[i + 1] == "class";
      if (!is_enum && !(tokens[i] == "namespace" && tokens[i + 1].ends_with("_flag"))) continue;
      const std::string& name = tokens[i + (is_enum ? 2 : 1)];
      size_t brace = i;
      while (brace < tokens.size() && tokens[brace] != "{" && tokens[brace] != ";") ++brace;
      const Enumerators enumerators = enumerators_at(tokens, brace + 1, name);
      if (!enumerators.empty()) found[name] = enumerators;
    }
  }
  return found;
}

}  // namespace cistern
