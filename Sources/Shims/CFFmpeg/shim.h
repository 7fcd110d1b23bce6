#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/error.h>
#include <libavutil/frame.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

// Swift imports no macros that are more than a literal.
static inline int ffmpeg_try_again(void) { return AVERROR(EAGAIN); }
static inline int ffmpeg_end_of_file(void) { return AVERROR_EOF; }
static inline int64_t ffmpeg_no_timestamp(void) { return AV_NOPTS_VALUE; }
