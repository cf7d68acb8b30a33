using App
println(App.work(9000000))
