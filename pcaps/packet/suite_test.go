package packet_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestPacket(t *testing.T) { RegisterFailHandler(Fail); RunSpecs(t, "pcaps/packet") }
