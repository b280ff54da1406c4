package io.sallyport.filter;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Message;
import io.sallyport.protocol.Response;

/** What a hook wants to happen. */
public sealed interface Decision {

    /** Returns that all goes on as it is. */
    static Decision proceed() {
        return Proceed.INSTANCE;
    }

    /**
     * Returns that it goes on with this message in place of the one that the hook saw. It is of the same kind, and keeps
     * the id whatever it says; a request keeps its method and what it names ({@code name}, {@code uri}, {@code ref}),
     * because that was judged. Anything else is a fault.
     */
    static Decision proceedWith(Message message) {
        return new ProceedWith(message);
    }

    /** Returns that the request is refused, or that its result is withheld. */
    static Decision refuse(Refusal refusal) {
        return new Refuse(refusal);
    }

    /** Returns that this is the answer to the request, which goes no further. Only for hooks on requests. */
    static Decision answer(Response response) {
        return new Answer(response);
    }

    /** All goes on as it is. */
    enum Proceed implements Decision {
        /** The only one. */
        INSTANCE
    }

    /** It goes on with another message. */
    record ProceedWith(Message message) implements Decision {
        /** Checks that there is one. */
        public ProceedWith {
            requireNonNull(message, "message");
        }
    }

    /** It ends here, with an error. */
    record Refuse(Refusal refusal) implements Decision {
        /** Checks that there is a reason. */
        public Refuse {
            requireNonNull(refusal, "refusal");
        }
    }

    /** It ends here, with an answer. */
    record Answer(Response response) implements Decision {
        /** Checks that there is one. */
        public Answer {
            requireNonNull(response, "response");
        }
    }
}
