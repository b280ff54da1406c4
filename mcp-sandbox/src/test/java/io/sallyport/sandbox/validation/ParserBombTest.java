package io.sallyport.sandbox.validation;

/** Tries some of them; {@link ParserBombSweepTest} tries all. */
class ParserBombTest extends ParserBombContract {

    @Override
    int every() {
        return 9;
    }
}
