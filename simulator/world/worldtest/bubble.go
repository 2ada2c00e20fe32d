// Package worldtest is for specs: a suite in one line, specs in virtual time,
// goldens.
//
// A package's suite is one line:
//
//	func TestServer(t *testing.T) { worldtest.Suite(t, "server") }
//
// and a spec that lets time pass runs inside a bubble:
//
//	It("gives up after 15 s", func() {
//		worldtest.Bubble(GinkgoTB(), func() {
//			w := world.NewMemory(world.Config{})
//			defer w.Close()
//			...
//		})
//	})
//
// What a bubble starts must end in the bubble: clean up with defer, not with
// DeferCleanup, which runs after the bubble is over.
package worldtest

import (
	"fmt"
	"testing"
	"testing/synctest"

	"rehearse/simulator/world"
)

// Bubble runs f inside a testing/synctest bubble: time is virtual and jumps ahead
// whenever every goroutine waits. A failed Ginkgo assertion, a Skip or a panic in
// f's own goroutine is raised again in the caller's; other goroutines need
// `defer GinkgoRecover()` as ever. Goroutines that f leaves behind blocked are a
// failure, too.
//
// t may be a *testing.T, or GinkgoTB() in a spec.
func Bubble(t testing.TB, f func()) {
	t.Helper()
	caught := inTest(t, func(t *testing.T) (caught any) {
		defer func() {
			if r := recover(); r != nil && caught == nil {
				caught = r // a deadlock, found by synctest itself
			}
		}()
		synctest.Test(t, func(*testing.T) {
			defer func() { caught = recover() }()
			f()
		})
		return caught
	})
	if caught != nil {
		panic(caught)
	}
}

// World runs f inside a bubble with an empty in-memory world, and closes the
// world behind it.
func World(t testing.TB, c world.Config, f func(w *world.Memory)) {
	t.Helper()
	Bubble(t, func() {
		w := world.NewMemory(c)
		defer w.Close()
		f(w)
	})
}

// inTest calls f with a *testing.T. synctest.Test wants a real one, which a Ginkgo
// spec does not have; testing.RunTests makes one without the suite having to keep
// its own in a variable. RunTests obeys -count and -cpu, so f is kept from
// running twice.
func inTest(t testing.TB, f func(*testing.T) any) (caught any) {
	if real, ok := t.(*testing.T); ok {
		return f(real)
	}
	ran := false
	everything := func(string, string) (bool, error) { return true, nil }
	testing.RunTests(everything, []testing.InternalTest{{Name: "bubble", F: func(t *testing.T) {
		if !ran {
			ran = true
			caught = f(t)
		}
	}}})
	if !ran {
		return fmt.Errorf("worldtest: no bubble could be started (-test.skip is not supported)")
	}
	return caught
}
