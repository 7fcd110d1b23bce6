// Counts heap allocations of the program it is linked into, by standing in front of malloc.
#pragma once
#include <stdint.h>

// Allocations (malloc, calloc, realloc, aligned ones) of all threads since the start.
uint64_t allocation_count(void);
