package proxy

// aside does something that needs a deep stack on one of its own and waits for it. What
// a flow's goroutine has grown its stack to it would keep for as long as the flow lasts,
// and most flows spend their lives waiting.
func aside(work func()) {
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		work()
	}()
	if mistake := <-done; mistake != nil {
		panic(mistake)
	}
}
