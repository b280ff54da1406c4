package io.sallyport.upstream.internal;

import static java.util.Objects.requireNonNull;

import io.sallyport.spi.SecretReference;
import io.sallyport.spi.SecretResolver;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Text of the operator's that may hold references to secrets, such as {@code Bearer secret://default/github#token}. Made of
 * what an upstream's builder is given and of nothing else: text of clients or models never becomes a template. Immutable.
 */
public final class SecretTemplate {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.upstream");

    /** No header and no variable has use for more. */
    private static final int MOST_CHARS = 64 * 1024;

    /** What is taken for part of a reference; {@link SecretReference} then says whether it is one. */
    private static final String OF_REFERENCES = "._/#-";

    /** A piece: literal text, or a reference. */
    private record Piece(String literal, @Nullable SecretReference reference) {}

    private final String what;
    private final String text;
    private final List<Piece> pieces;

    private SecretTemplate(String what, String text, List<Piece> pieces) {
        this.what = what;
        this.text = text;
        this.pieces = pieces;
    }

    /**
     * Returns the template that a text is.
     *
     * @param what where it stands, for messages to operators, such as {@code header Authorization}
     * @throws IllegalArgumentException if a reference in it is none
     */
    public static SecretTemplate parse(String what, String text) {
        requireNonNull(text, what);
        List<Piece> pieces = new ArrayList<>();
        int done = 0;
        for (int at = text.indexOf(SecretReference.SCHEME); at >= 0; at = text.indexOf(SecretReference.SCHEME, done)) {
            int end = at + SecretReference.SCHEME.length();
            while (end < text.length() && isOfReference(text.charAt(end))) {
                end++;
            }
            if (at > done) {
                pieces.add(new Piece(text.substring(done, at), null));
            }
            try {
                pieces.add(new Piece("", SecretReference.parse(text.substring(at, end))));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(what + ": " + e.getMessage(), e);
            }
            done = end;
        }
        if (done < text.length() || pieces.isEmpty()) {
            pieces.add(new Piece(text.substring(done), null));
        }
        return new SecretTemplate(what, text, List.copyOf(pieces));
    }

    private static boolean isOfReference(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || OF_REFERENCES.indexOf(c) >= 0;
    }

    /** Returns the text as it was given, without any value. */
    public String text() {
        return text;
    }

    /** Returns whether there is a reference in it. */
    public boolean needsSecrets() {
        return pieces.stream().anyMatch(piece -> piece.reference() != null);
    }

    /**
     * Returns the text with values in the place of the references. May block. What this makes on the way is erased; the
     * text itself cannot be, for what it is made for takes nothing but strings.
     *
     * @throws UpstreamException if there is no value for one of them
     */
    public String resolve(SecretResolver resolver, SecretResolver.Use use) {
        List<char[]> parts = new ArrayList<>(pieces.size());
        char[] made = {};
        try {
            int length = 0;
            for (Piece piece : pieces) {
                char[] part = partOf(piece, resolver, use);
                parts.add(part);
                length += part.length;
            }
            made = new char[length];
            int at = 0;
            for (char[] part : parts) {
                System.arraycopy(part, 0, made, at, part.length);
                at += part.length;
            }
            return new String(made);
        } finally {
            parts.forEach(part -> Arrays.fill(part, '\0'));
            Arrays.fill(made, '\0');
        }
    }

    private char[] partOf(Piece piece, SecretResolver resolver, SecretResolver.Use use) {
        SecretReference reference = piece.reference();
        if (reference == null) {
            return piece.literal().toCharArray();
        }
        char[] value = valueOf(reference, resolver, use).orElseThrow(() -> failure(reference, "has no value here"));
        if (value.length > MOST_CHARS) {
            Arrays.fill(value, '\0');
            throw failure(reference, "is longer than " + MOST_CHARS + " characters");
        }
        return value;
    }

    private Optional<char[]> valueOf(SecretReference reference, SecretResolver resolver, SecretResolver.Use use) {
        try {
            return resolver.resolve(reference.toString(), use);
        } catch (RuntimeException e) {
            // Not its message: who knows what a resolver puts into it.
            LOGGER.atError()
                    .addKeyValue("upstream", use.upstream())
                    .addKeyValue("secret", reference)
                    .addKeyValue("error", e.getClass().getName())
                    .log("the resolver of secrets failed");
            return Optional.empty();
        }
    }

    private UpstreamException failure(SecretReference reference, String why) {
        return new UpstreamException(UpstreamFailure.notSent(
                Kind.SECRET,
                what + ": " + reference + " " + why
                        + "; put it into the vault, or allow its use there (the audit record says " + "which)"));
    }

    /** Returns the failure for a value that may not stand where it would, without the value. */
    public UpstreamException unfit(String why) {
        return new UpstreamException(UpstreamFailure.notSent(
                Kind.SECRET, what + ": what " + text + " stands for " + why + "; replace the value in the vault"));
    }

    /** Returns the text without any value. */
    @Override
    public String toString() {
        return text;
    }
}
