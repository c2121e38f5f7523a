"""A federation subgraph of Strawberry. Prints its URL, and then a line for each subscription that ends."""

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator

import strawberry
import uvicorn
from strawberry.asgi import GraphQL
from strawberry.subscriptions import (
    GRAPHQL_SSE_PROTOCOL,
    GRAPHQL_TRANSPORT_WS_PROTOCOL,
    GRAPHQL_WS_PROTOCOL,
    MULTIPART_SUBSCRIPTION_PROTOCOL,
)


@strawberry.federation.type(keys=["id"])
class Product:
    id: strawberry.ID


@strawberry.type
class Tick:
    number: int
    product: Product


@strawberry.type
class Query:
    hello: str = "hi"


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self, to: int) -> AsyncGenerator[Tick, None]:
        for number in range(1, to + 1):
            yield Tick(number=number, product=Product(id=strawberry.ID(str(number))))

    @strawberry.subscription
    async def silence(self) -> AsyncGenerator[int, None]:
        try:
            yield 0
            await asyncio.Event().wait()
        finally:
            print("silence ended", flush=True)

    @strawberry.subscription
    async def failure(self) -> AsyncGenerator[int, None]:
        yield 1
        raise ValueError("the broker is gone")


schema = strawberry.federation.Schema(query=Query, subscription=Subscription)
app = GraphQL(
    schema,
    subscription_protocols=[
        GRAPHQL_TRANSPORT_WS_PROTOCOL,
        GRAPHQL_WS_PROTOCOL,
        GRAPHQL_SSE_PROTOCOL,
        MULTIPART_SUBSCRIPTION_PROTOCOL,
    ],
)

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
print(f"http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
server.run(sockets=[listener])
sys.exit(0)
