import client.apis.MobileApi
import client.apis.WebApi
import client.infrastructure.ApiClient
import client.models.*
import retrofit2.Call

/** Calls each endpoint of the demo, and prints what was read, a line for each. */
fun main(args: Array<String>) {
    val client = ApiClient(baseUrl = args[0] + "/")
    val mobile = client.createService(MobileApi::class.java)
    val web = client.createService(WebApi::class.java)
    val screen = bodyOf(mobile.mobileDashboard("u2", orders = 2))
    println("mobile dashboard ${screen.profile.name} ${screen.recent?.orders?.size} ${failuresOf(screen.meta)}")
    val product = bodyOf(mobile.mobileProduct("p7"))
    println("mobile product ${product.id} ${product.price}")
    val page = bodyOf(web.webDashboard("u2", orders = 2))
    println("web dashboard ${page.profile.name} ${page.orders?.size} ${failuresOf(page.meta)}")
    println("web product ${bodyOf(web.webProduct("p7")).product.name.isNotEmpty()}")
    if (args[1] == "whole") {
        println("web orders ${bodyOf(web.webOrders("u2", pageSize = 1)).orders.size}")
        val input = PlaceOrderInput(userId = "u2", items = listOf(OrderItemInput(productId = "p7")))
        println("order ${bodyOf(mobile.mobilePlaceOrder(MobilePlaceOrderBody(input), "key-1")).order.status}")
    }
}

fun failuresOf(meta: AnswerMeta?): String = meta?.partial.orEmpty().map { it.path.joinToString(".") }.toString()

fun <T> bodyOf(call: Call<T>): T {
    val response = call.execute()
    return response.body() ?: error("${response.code()}: ${response.errorBody()?.string()}")
}
