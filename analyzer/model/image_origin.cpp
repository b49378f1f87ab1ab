#include "analyzer/model/image_origin.h"

namespace cistern::analyzer {
namespace {

// A program that began by itself has an install record that is no reinstallation.
bool began_by_itself(const Image& image) {
  return image.process_events.installs.size() > image.process_events.counter(Counter::kReinstalls);
}

}  // namespace

ImageOrigin origin_of(const Image& image) {
  if (!image.has_parent()) return ImageOrigin::kFirst;
  if (!image.is_forked()) return ImageOrigin::kExec;
  return began_by_itself(image) ? ImageOrigin::kStarted : ImageOrigin::kForked;
}

const char* name_of(ImageOrigin origin) {
  switch (origin) {
    case ImageOrigin::kForked:
      return "fork";
    case ImageOrigin::kExec:
      return "exec";
    case ImageOrigin::kStarted:
      return "start";
    case ImageOrigin::kFirst:
      break;
  }
  return "first";
}

}  // namespace cistern::analyzer
