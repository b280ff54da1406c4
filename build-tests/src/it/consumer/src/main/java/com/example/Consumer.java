package com.example;

import io.sallyport.protocol.RequestId;

final class Consumer {
    static final RequestId ID = RequestId.of(1);
}
