#ifndef CCLOCK_H
#define CCLOCK_H

/// Whether something keeps the kernel's clock right (adjtimex(2)): 1 or 0, and -1 where the kernel does not say.
int cclock_is_synchronized(void);

#endif
