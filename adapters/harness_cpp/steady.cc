// The streams of C++ for the steady driver: written and rewound apart from those of C.
#include <iostream>

extern "C" void harness_flush(void) {
    std::cout.flush();
    std::clog.flush();
}

extern "C" void harness_rewind(void) {
    std::cin.clear();  // the last execution read to the end
    std::cin.seekg(0);
}
