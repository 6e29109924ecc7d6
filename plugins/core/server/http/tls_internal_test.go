package httpserver

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// TestCertificateIsRenewed waits for certificateAge to pass, which only a fake
// clock can do quickly; hence it stands inside the package.
func TestCertificateIsRenewed(t *testing.T) {
	dir := t.TempDir()
	files := TLS{CertFile: filepath.Join(dir, "crt"), KeyFile: filepath.Join(dir, "key")}
	install := func(pair testPair, age time.Duration) {
		for name, data := range map[string]string{files.CertFile: pair.cert, files.KeyFile: pair.key} {
			if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
			then := time.Now().Add(-age)
			if err := os.Chtimes(name, then, then); err != nil {
				t.Fatal(err)
			}
		}
	}
	first, second := newTestPair(t), newTestPair(t)
	synctest.Test(t, func(t *testing.T) {
		install(first, time.Hour)
		config, err := tlsConfig(files, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		used := func() string {
			pair, err := config.GetCertificate(&tls.ClientHelloInfo{})
			if err != nil {
				t.Fatal(err)
			}
			return string(pair.Certificate[0])
		}
		steps := []struct {
			name   string
			change func()
			want   string
		}{
			{"at first", func() {}, first.der},
			{"a broken renewal", func() { install(testPair{cert: "x", key: "x"}, time.Minute) }, first.der},
			{"a good renewal", func() { install(second, 0) }, second.der},
			{"files that are gone", func() { os.Remove(files.KeyFile) }, second.der},
		}
		for _, step := range steps {
			step.change()
			time.Sleep(certificateAge + time.Second)
			if used() != step.want {
				t.Errorf("%s: another certificate is used", step.name)
			}
		}
	})
}

// testPair is a self-signed certificate in PEM and in DER, with its key.
type testPair struct{ cert, key, der string }

func newTestPair(t *testing.T) testPair {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: serial, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return testPair{
		cert: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		key:  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		der:  string(der),
	}
}
