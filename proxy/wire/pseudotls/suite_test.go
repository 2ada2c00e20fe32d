package pseudotls_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestPseudoTLS(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "pseudotls")
}
