/** MPLS label stack entry: RFC 3032 section 2.1. Read by key extraction. */
import { header, u32 } from '../base/header.ts';

export const mpls = header('mpls', { entry: u32 }); // label 20, traffic class 3, bottom of stack 1, TTL 8

export const mplsBottom = 0x100;
