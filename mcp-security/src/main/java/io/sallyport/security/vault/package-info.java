/** Secrets at rest, with keys that rotate online. */
@NullMarked
package io.sallyport.security.vault;

import org.jspecify.annotations.NullMarked;
