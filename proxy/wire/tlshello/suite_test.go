package tlshello_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestTLSHello(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "tlshello")
}
