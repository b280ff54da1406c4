package io.sallyport.spi;

class EphemeralSealerTest implements SealerContract {

    @Override
    public Sealer open() {
        return Sealer.ephemeral();
    }
}
