package io.sallyport.gateway.servlet;

import io.sallyport.testing.Container;
import io.sallyport.testing.TomcatContainer;

class TomcatEndpointTest extends EndpointContract {
    @Override
    Container container() {
        return new TomcatContainer();
    }
}
