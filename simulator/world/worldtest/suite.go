package worldtest

import (
	"testing"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"go.uber.org/goleak"
)

// Suite runs the package's specs under one name and fails when they leave
// goroutines behind, other than those that known lets be.
func Suite(t *testing.T, name string, known ...goleak.Option) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	gomega.RegisterFailHandler(ginkgo.Fail)
	ginkgo.RunSpecs(t, name)
	// Ginkgo keeps its signal handlers, two of them in parallel processes, and
	// os/signal its loop, for good.
	goleak.VerifyNone(t, append(known, before,
		goleak.IgnoreAnyFunction("github.com/onsi/ginkgo/v2/internal/interrupt_handler.(*InterruptHandler).registerForInterrupts.func1"),
		goleak.IgnoreAnyFunction("github.com/onsi/ginkgo/v2/internal/interrupt_handler.(*InterruptHandler).registerForInterrupts.func2"),
		goleak.IgnoreTopFunction("os/signal.signal_recv"),
		goleak.IgnoreAnyFunction("os/signal.loop"),
	)...)
}
