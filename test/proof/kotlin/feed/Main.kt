import client.apis.AppApi
import client.infrastructure.ApiClient
import client.models.*
import retrofit2.Call

/** Calls each endpoint of the feed, and prints what was read, a line for each. */
fun main(args: Array<String>) {
    val api = ApiClient(baseUrl = args[0] + "/").createService(AppApi::class.java)
    val feed = bodyOf(api.feed())
    for (entry in feed.feed) println(
        when (entry) {
            is FeedAnswerFeed.PostWrapper -> "post ${entry.value.title} by ${entry.value.author.name}, likes ${entry.value.likes}"
            is FeedAnswerFeed.EventWrapper -> "event ${entry.value.title} at ${entry.value.startsAt}"
        },
    )
    for (failure in feed.meta?.partial.orEmpty()) println("failed ${failure.path} ${failure.code}")
    println("grid " + (bodyOf(api.feed(grid = listOf("[1,2]", "[3]"))).feed[0] as FeedAnswerFeed.PostWrapper).value.title)
    val published = bodyOf(api.publish("k1", PublishBody(title = "Picnic"))).entry
    println("published " + (published as PublishAnswerEntry.EventWrapper).value.id)
    println("gone " + bodyOf(api.delete("p1")).gone)
}

fun <T> bodyOf(call: Call<T>): T {
    val response = call.execute()
    return response.body() ?: error("${response.code()}: ${response.errorBody()?.string()}")
}
