package io.sallyport.resilience;

import io.sallyport.architecture.ArchitectureContract;

class ArchitectureTest extends ArchitectureContract {
    ArchitectureTest() {
        super(1);
    }
}
