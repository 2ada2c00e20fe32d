package worldtest_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/world"
	"rehearse/simulator/world/worldtest"
)

func TestWorldtest(t *testing.T) { worldtest.Suite(t, "worldtest") }

func TestBubbleInPlainTest(t *testing.T) {
	worldtest.Bubble(t, func() { time.Sleep(24 * time.Hour) })
}

var _ = Describe("a bubble", func() {
	It("runs in virtual time", func() {
		worldtest.Bubble(GinkgoTB(), func() {
			began := time.Now()
			time.Sleep(time.Hour)
			Expect(time.Since(began)).To(Equal(time.Hour))
		})
	})

	It("raises what its goroutine panics with in the spec's goroutine", func() {
		boom := errors.New("boom")
		Expect(func() { worldtest.Bubble(GinkgoTB(), func() { panic(boom) }) }).To(PanicWith(boom))
	})

	It("raises a failed assertion as a failure of the spec", func() {
		failures := InterceptGomegaFailures(func() {
			worldtest.Bubble(GinkgoTB(), func() { Expect(1).To(Equal(2)) })
		})
		Expect(failures).To(HaveLen(1))
	})

	It("gives an empty world, closed behind the spec", func() {
		worldtest.World(GinkgoTB(), world.Config{}, func(w *world.Memory) {
			l, err := w.Host("server", netip.MustParseAddr("10.0.0.1")).Listen("tcp", ":443")
			Expect(err).NotTo(HaveOccurred())
			go l.Accept()
		})
	})
})
