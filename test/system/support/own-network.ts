/**
 * Where it may, a process that imports this has a network of its own, and so has all that it starts. Other tests change
 * routes of the machine, and with each change the real daemon looks at all its flows anew, which shows in what it exports.
 */
import { execFileSync } from 'node:child_process';
import { libcFunction } from '../../../src/sys/calls/libc.ts';

const CLONE_NEWNET = 0x40000000;
const unshare = libcFunction('int unshare(int flags)');

if (unshare(CLONE_NEWNET) === 0) execFileSync('ip', ['link', 'set', 'lo', 'up']);
