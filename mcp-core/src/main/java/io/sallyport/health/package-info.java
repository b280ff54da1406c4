/** How a gateway is, for operators: what core does not know of itself joins as {@link io.sallyport.health.HealthPart}. */
@NullMarked
package io.sallyport.health;

import org.jspecify.annotations.NullMarked;
