package io.sallyport.filter;

/** The stages of a request that filters can join, in their order. What comes before them belongs to the gateway. */
public enum Stage {
    /** Is there room for it? Rates, quotas, budgets. */
    LIMIT,
    /** What of it is fixed by who asks: arguments taken from the principal. */
    BIND,
    /** May this principal do this? */
    AUTHORIZE,
    /** Is what is asked well-formed? */
    VALIDATE,
    /** Is the answer known already? */
    CACHE,
    /** The last look before it goes to its upstream. */
    ROUTE
}
