package io.sallyport.sandbox.validation;

class ParserBombSweepTest extends ParserBombContract {

    @Override
    int every() {
        return 1;
    }
}
