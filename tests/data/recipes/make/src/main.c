#include <stdio.h>
long work(long);
int main(void) { printf("%ld\n", work(9000000)); return 0; }
