Object.defineProperty(process, 'platform', { value: 'freebsd' })
Object.defineProperty(process, 'arch', { value: 'riscv64' })
