// What the analyzer writes while this lives, standard output and error, caught in memory instead.
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

  // Ends the catching. Valid as long as this lives.
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

// Whether a terminal shows it and does nothing else: UTF-8 without controls but newlines, and nothing that turns the
// direction of text.
bool is_plain_text(std::string_view text);

}  // namespace cistern::fuzz
