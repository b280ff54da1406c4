/** What tests of this and of other modules share. */
@NullMarked
package io.sallyport.testing;

import org.jspecify.annotations.NullMarked;
