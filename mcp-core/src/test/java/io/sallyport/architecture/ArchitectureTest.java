package io.sallyport.architecture;

class ArchitectureTest extends ArchitectureContract {
    ArchitectureTest() {
        super(20);
    }
}
