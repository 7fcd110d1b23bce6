#ifndef SWITCHBOARD_CWEBASSETS_H
#define SWITCHBOARD_CWEBASSETS_H

#include <stddef.h>

/// A file of the web client that was built into the program.
typedef struct {
    /// The path inside Clients/Web/dist.
    const char *name;
    const unsigned char *bytes;
    /// 0 when the web client had not been built when the program was.
    size_t count;
} switchboard_web_asset;

/// The asset at `index`; its name is NULL behind the last one.
switchboard_web_asset switchboard_web_asset_at(size_t index);

#endif
