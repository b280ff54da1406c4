package io.sallyport.sandbox;

import io.sallyport.architecture.ArchitectureContract;

class ArchitectureTest extends ArchitectureContract {
    ArchitectureTest() {
        super(1);
    }
}
