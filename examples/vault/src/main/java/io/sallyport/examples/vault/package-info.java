/** The vault at the command line, with a host's choice of drivers. Begin with {@link io.sallyport.examples.vault.Main}. */
@NullMarked
package io.sallyport.examples.vault;

import org.jspecify.annotations.NullMarked;
