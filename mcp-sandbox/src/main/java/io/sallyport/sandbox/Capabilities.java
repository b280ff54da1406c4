package io.sallyport.sandbox;

import java.util.Optional;
import java.util.Set;

/**
 * What a sandbox runs, how strong its enclosure is, and which limits hold whatever code does.
 *
 * @param tier what stands between code and everything else
 * @param languages what it runs
 * @param enforced the limits that hold under all circumstances; all others are advisory: they are passed on to whoever may
 *     keep to them, or looked at afterwards
 * @param stateful the languages in which it keeps state between executions: in which {@linkplain Sandbox#open sessions} can
 *     be opened
 * @param unavailable why it runs nothing, in words for operators; empty if it does
 */
public record Capabilities(
        Tier tier, Set<Language> languages, Set<Limit> enforced, Set<Language> stateful, Optional<String> unavailable) {

    /** Copies what it is given. */
    public Capabilities {
        languages = Set.copyOf(languages);
        enforced = Set.copyOf(enforced);
        stateful = Set.copyOf(stateful);
    }

    /** Returns those of a sandbox that is available, and keeps state in all its languages. */
    public static Capabilities of(Tier tier, Set<Language> languages, Set<Limit> enforced) {
        return new Capabilities(tier, languages, enforced, languages, Optional.empty());
    }

    /**
     * Returns those of a sandbox that runs nothing.
     *
     * @param tier what it would be
     * @param why in words for operators
     */
    public static Capabilities unavailable(Tier tier, String why) {
        return new Capabilities(tier, Set.of(), Set.of(), Set.of(), Optional.of(why));
    }

    /**
     * Returns whether it runs nothing and never will, as it was made without what it needs. One that knows what it would run,
     * but cannot now, may run it later.
     */
    public boolean isUnavailableForGood() {
        return unavailable.isPresent() && languages.isEmpty();
    }

    /** Returns whether a limit holds whatever code does. */
    public boolean enforces(Limit limit) {
        return enforced.contains(limit);
    }
}
