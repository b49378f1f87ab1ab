// Captures standard output and standard error in memory as long as it exists.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace cistern::fuzz {

class CapturedStream {
 public:
  explicit CapturedStream(std::FILE*& stream) : stream_(stream), was_(stream) {
    stream_ = ::open_memstream(&text_, &size_);
  }
  ~CapturedStream() {
    if (stream_ != was_) restore();
    std::free(text_);
  }
  CapturedStream(const CapturedStream&) = delete;
  CapturedStream& operator=(const CapturedStream&) = delete;

  // Ends the capture. The result is valid as long as this exists.
  std::string_view text() {
    if (stream_ != was_) restore();
    return {text_, size_};
  }

 private:
  void restore() {
    std::fclose(stream_);
    stream_ = was_;
  }

  std::FILE*& stream_;
  std::FILE* was_;
  char* text_ = nullptr;
  size_t size_ = 0;
};

struct CapturedOutput {
  CapturedStream out{stdout};
  CapturedStream error{stderr};
};

// Whether a text is safe for a terminal: UTF-8 without control characters other than newlines, and without characters
// that change the direction of text.
bool is_plain_text(std::string_view text);

}  // namespace cistern::fuzz
