// The files of the web client, built into the program by #embed (C23). A file that has not been built is empty.

#include "CWebAssets.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

#if __has_embed("../../../Clients/Web/dist/switchboard-calling.js")
static const unsigned char library[] = {
#embed "../../../Clients/Web/dist/switchboard-calling.js"
};
#define SIZE_OF_LIBRARY sizeof(library)
#else
static const unsigned char library[] = {0};
#define SIZE_OF_LIBRARY 0
#endif

#if __has_embed("../../../Clients/Web/dist/switchboard-calling.d.ts")
static const unsigned char library_types[] = {
#embed "../../../Clients/Web/dist/switchboard-calling.d.ts"
};
#define SIZE_OF_LIBRARY_TYPES sizeof(library_types)
#else
static const unsigned char library_types[] = {0};
#define SIZE_OF_LIBRARY_TYPES 0
#endif

#if __has_embed("../../../Clients/Web/dist/demo/index.html")
static const unsigned char demo_page[] = {
#embed "../../../Clients/Web/dist/demo/index.html"
};
#define SIZE_OF_DEMO_PAGE sizeof(demo_page)
#else
static const unsigned char demo_page[] = {0};
#define SIZE_OF_DEMO_PAGE 0
#endif

#if __has_embed("../../../Clients/Web/dist/demo/demo.js")
static const unsigned char demo_script[] = {
#embed "../../../Clients/Web/dist/demo/demo.js"
};
#define SIZE_OF_DEMO_SCRIPT sizeof(demo_script)
#else
static const unsigned char demo_script[] = {0};
#define SIZE_OF_DEMO_SCRIPT 0
#endif

#if __has_embed("../../../Clients/Web/dist/demo/demo.css")
static const unsigned char demo_style[] = {
#embed "../../../Clients/Web/dist/demo/demo.css"
};
#define SIZE_OF_DEMO_STYLE sizeof(demo_style)
#else
static const unsigned char demo_style[] = {0};
#define SIZE_OF_DEMO_STYLE 0
#endif

static const switchboard_web_asset assets[] = {
    {"switchboard-calling.js", library, SIZE_OF_LIBRARY},
    {"switchboard-calling.d.ts", library_types, SIZE_OF_LIBRARY_TYPES},
    {"demo/index.html", demo_page, SIZE_OF_DEMO_PAGE},
    {"demo/demo.js", demo_script, SIZE_OF_DEMO_SCRIPT},
    {"demo/demo.css", demo_style, SIZE_OF_DEMO_STYLE},
};

switchboard_web_asset switchboard_web_asset_at(size_t index) {
    const switchboard_web_asset none = {NULL, NULL, 0};
    return index < sizeof(assets) / sizeof(assets[0]) ? assets[index] : none;
}
