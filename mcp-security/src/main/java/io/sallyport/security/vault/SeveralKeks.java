package io.sallyport.security.vault;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Providers of which one wraps, and all unwrap what they have wrapped. Thread-safe if they are. */
final class SeveralKeks implements KekProvider {

    private final List<KekProvider> all;

    /** @param all the one that wraps, then others */
    SeveralKeks(List<KekProvider> all) {
        this.all = List.copyOf(all);
    }

    @Override
    public String current() {
        return all.get(0).current();
    }

    @Override
    public Wrapped wrap(byte[] dataKey, byte[] context) throws KekUnavailableException {
        return all.get(0).wrap(dataKey, context);
    }

    @Override
    public Optional<byte[]> unwrap(String kek, byte[] wrapped, byte[] context) throws KekUnavailableException {
        for (KekProvider one : all) {
            if (one.current().equals(kek)) {
                // The others need not be asked, who may be far away, and down.
                return one.unwrap(kek, wrapped, context);
            }
        }
        List<KekUnavailableException> refusals = new ArrayList<>();
        for (KekProvider one : all) {
            try {
                return one.unwrap(kek, wrapped, context);
            } catch (KekUnavailableException e) {
                refusals.add(e);
            }
        }
        KekUnavailableException none =
                new KekUnavailableException("none of " + all.size() + " providers has the " + "key-encryption key "
                        + kek + " now; the first says: " + refusals.get(0).getMessage());
        refusals.forEach(none::addSuppressed);
        throw none;
    }
}
