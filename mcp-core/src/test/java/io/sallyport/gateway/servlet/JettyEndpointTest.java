package io.sallyport.gateway.servlet;

import io.sallyport.testing.Container;
import io.sallyport.testing.JettyContainer;

class JettyEndpointTest extends EndpointContract {
    @Override
    Container container() {
        return new JettyContainer();
    }
}
